{{ script "roce" . }}
# The leader's name is known some time after its pod.
tries=${DP_ADDRESS_RESOLVE_ATTEMPTS:-30}
while ! leader=$(getent ahosts "$LWS_LEADER_ADDRESS" | awk 'NR == 1 {print $1}') || [ -z "$leader" ]; do
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    echo "the leader's name $LWS_LEADER_ADDRESS does not resolve" >&2
    exit 1
  fi
  sleep 2
done
rank=${LWS_WORKER_INDEX:-0}
