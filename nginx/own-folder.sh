# Makes a folder that nobody else can write to, or ends the start. In /tmp, another user of the machine could make
# it first, and put links into it that lead viewers to any file. Sourced by start.sh; uses its functions.
# apps/control/common/folder-owner.ts has the same rule for the other processes.

# Whose folders are trusted: root's, this user's, and those of nginx's worker.
is_own() { # UID
  case $1 in 0 | "$(id -u)") return 0 ;; esac
  [ -n "${NGINX_USER:-}" ] && [ "$1" = "$(id -u "$NGINX_USER" 2>/dev/null)" ]
}
is_own_group() { # GID
  case " $(id -G) ${NGINX_USER:+$(id -G "$NGINX_USER" 2>/dev/null)} " in *" $1 "*) return 0 ;; esac
  return 1
}

# Like folder, and checks who may write to it.
own_folder() { # NAME VALUE
  made=$(folder "$1" "$2") || exit 1
  whose() { getent passwd "$1" | cut -d : -f 1 | grep . || echo "user id $1"; }
  link_owner=$(stat -c %u "$2") owner=$(stat -L -c %u "$2") group=$(stat -L -c %g "$2") mode=$(stat -L -c %a "$2")
  [ ! -L "$2" ] || is_own "$link_owner" ||
    fail "$1: $2 is a link that belongs to $(whose "$link_owner"). Remove it, or set $1 to another folder"
  is_own "$owner" ||
    fail "$1: $2 belongs to $(whose "$owner"), who could put links to any file into it." \
      "Remove it, give it to $(id -un) (chown -R), or set $1 to another folder"
  [ $((0$mode & 002)) = 0 ] ||
    fail "$1: every user can write to $2 (mode $mode), also links to any file. Forbid it: chmod o-w $2"
  [ $((0$mode & 020)) = 0 ] || is_own_group "$group" ||
    fail "$1: a group that $(id -un) is not in can write to $2 (mode $mode). Forbid it: chmod g-w $2"
  echo "$made"
}
