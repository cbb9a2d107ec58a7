# Which InfiniBand devices are up, and the index of the address that most of them have.
if [ "${KSERVE_INFER_ROCE:-}" = true ]; then
  set +f
  devices=()
  indexes=()
  for device in /sys/class/infiniband/mlx5_*; do
    grep -qs ACTIVE "$device/ports/1/state" || continue
    devices+=("${device##*/}")
    for kind in "$device"/ports/1/gid_attrs/types/*; do
      index=${kind##*/}
      address=$(cat "$device/ports/1/gids/$index" 2>/dev/null || true)
      # RoCE v2 over IPv4: the address is mapped into IPv6.
      if grep -qs 'RoCE v2' "$kind" && [[ $address == 0000:0000:0000:0000:0000:ffff:* ]]; then
        indexes+=("$index")
      fi
    done
  done
  set -f
  if [ ${#devices[@]} -gt 0 ]; then
    all=$(IFS=,; echo "${devices[*]}")
    export NCCL_IB_HCA="${NCCL_IB_HCA:-$all}" NVSHMEM_HCA_LIST="${NVSHMEM_HCA_LIST:-$all}"
    export UCX_NET_DEVICES="${UCX_NET_DEVICES:-${all//,/:1,}:1}"
  fi
  if [ ${#indexes[@]} -gt 0 ]; then
    # The commonest; among equals 3, where drivers put it as a rule.
    index=$(printf '%s\n' "${indexes[@]}" | sort -n | uniq -c | sort -k1,1nr -s |
      awk 'NR == 1 {most = $1; best = $2} $1 == most && $2 == 3 {best = 3} END {print best}')
    export NCCL_IB_GID_INDEX="${NCCL_IB_GID_INDEX:-$index}"
    export NVSHMEM_IB_GID_INDEX="${NVSHMEM_IB_GID_INDEX:-$index}"
    export UCX_IB_GID_INDEX="${UCX_IB_GID_INDEX:-$index}"
  fi
fi
