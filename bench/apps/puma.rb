# puma as a peer, with its busy workers accepting later.
wait_for_less_busy_worker 0.005
app do |_environment|
  [200, { 'content-type' => 'text/plain' }, [Process.pid.to_s]]
end
