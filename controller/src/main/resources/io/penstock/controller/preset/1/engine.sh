set -euf -o pipefail

# Flags that an older vLLM does not know are left out.
version=$(python3 -c 'import importlib.metadata as m; print(m.version("vllm"))' 2>/dev/null || echo 999)
at_least() { [ "$(printf '%s\n' "$1" "$version" | sort -V | head -n 1)" = "$1" ]; }

flags=(
  --served-model-name {{ shell $.Spec.Model.Name }} publishers/{{ shell $.ObjectMeta.Namespace }}/models/{{ shell $.Spec.Model.Name }}
  --port "${ENGINE_PORT:-8000}"
)
{{- if $.GlobalConfig.EnableTLS }}
flags+=(--ssl-certfile /var/run/kserve/tls/tls.crt --ssl-keyfile /var/run/kserve/tls/tls.key --enable-ssl-refresh)
{{- end }}
{{- if .Parallelism.Tensor }}
flags+=(--tensor-parallel-size {{ .Parallelism.Tensor }})
{{- end }}
{{- if .Parallelism.Expert }}
flags+=(--enable-expert-parallel)
{{- end }}
if at_least 0.16; then
  flags+=(--disable-access-log-for-endpoints /health,/metrics,/ping)
fi
if at_least 0.18; then
  flags+=(--shutdown-timeout {{ shutdownTimeout .Template 15 }})
fi

# More flags by variable: words as a shell splits them, without anything being expanded.
if [ -n "${VLLM_ADDITIONAL_ARGS:-}" ]; then
  while IFS= read -r -d '' word; do
    flags+=("$word")
  done < <(xargs printf '%s\0' <<<"$VLLM_ADDITIONAL_ARGS")
fi
{{- if or $.Spec.Prefill .KVCacheOffloading }}

# How KV blocks travel, unless somebody has said otherwise.
case " ${flags[*]} $* " in
*--kv[-_]transfer[-_]config*) ;;
*)
  flags+=(--kv-transfer-config {{ shell (connectors (and $.Spec.Prefill (nixlConnector .)) (offloadingConnector .KVCacheOffloading)) }})
  ;;
esac
{{- end }}
