# Ends the processes that an earlier run has left in this run folder. Sourced by start.sh; sets log_pipe.

# If the master is killed with SIGKILL, its workers keep running and hold the ports. Such processes are
# recognised by their standard error, which is this folder's pipe.
log_pipe=$run_dir/log
leftovers() {
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/fd/2" 2>/dev/null)" = "$log_pipe" ] && echo "${process#/proc/}"
  done
  return 0
}
end_leftovers() {
  master=$(cat "$run_dir/nginx.pid" 2>/dev/null) || master=''
  left=$(leftovers)
  [ -n "$left" ] || return 0
  for pid in $left; do
    [ "$pid" != "$master" ] || fail "nginx (pid $pid) is already running in $run_dir"
  done
  kill $left 2>/dev/null || true
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(leftovers)" ] || return 0
    sleep 0.2
  done
  kill -9 $(leftovers) 2>/dev/null || true
}
[ -p "$log_pipe" ] && end_leftovers
rm -f "$log_pipe" "$run_dir/nginx.pid"
