# bash completion for mq; printed by: mq completion bash

_mq() {
  local current="${COMP_WORDS[COMP_CWORD]}" line
  # Bash cuts words at "=" and ":"; mq wants them whole.
  local words=() i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    local word="${COMP_WORDS[i]}"
    if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then
      words[-1]+="$word"
    else
      words+=("$word")
    fi
  done
  local whole="${words[-1]}"
  local prefix="${whole%"$current"}"
  [[ $current == [=:] ]] && prefix="$whole" current=""
  COMPREPLY=()
  while IFS= read -r line; do
    line="${line%%$'\t'*}"
    if [[ $line == ":files" ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("${line#"$prefix"}")
  done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
}
complete -F _mq mq
