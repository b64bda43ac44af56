# Checks of settings; sourced by start.sh, uses its fail. They are for the container, where nothing else checks a
# value before it becomes part of nginx's configuration.

port() { # NAME VALUE
  case $2 in '' | *[!0-9]* | ??????*) fail "$1 must be a port number from 1 to 65535" ;; esac
  [ "$2" -ge 1 ] && [ "$2" -le 65535 ] || fail "$1 must be a port number from 1 to 65535"
}

number() { # NAME VALUE
  case $2 in '' | *[!0-9]* | ????????*) fail "$1 must be a whole number" ;; esac
}

# These values stand in double quotes in nginx's configuration, where nginx expands $, and where quotes
# and backslashes end or change the string.
path() { # NAME VALUE
  case $2 in *[\"\$\\]* | *"
"*) fail "$1 must not contain double quotes, dollar signs, backslashes or line breaks" ;; esac
}

# Makes the folder and prints its absolute path, because nginx resolves relative paths against its own prefix.
folder() { # NAME VALUE
  path "$1" "$2"
  mkdir -p "$2" 2>/dev/null && (cd "$2" && pwd) || fail "$1: can't make or enter the folder $2"
}
