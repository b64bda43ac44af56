# Makes the system user that OnAir runs as when root starts it. Sourced by setup.sh after programs.sh; uses their
# say, fail and is_set. apps/stack/privileges has the same name as its default.

run_as=onair

make_user() {
  [ "$(id -u)" = 0 ] && [ "$setup_for" != demo ] || return 0
  ! is_set RUN_AS || [ "$setup_for" = test ] || return 0
  ! getent passwd "$run_as" >/dev/null || return 0
  say "making the system user $run_as: started by root, OnAir runs as this user"
  useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$run_as" ||
    fail "The system user $run_as could not be made (see above)." \
      'Make it, or name an existing one: RUN_AS=<user> npm start'
}
