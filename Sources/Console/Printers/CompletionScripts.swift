// The completion scripts of the shells. They hold no commands: each asks `mq __complete` for candidates, one
// a line, with a tab before what it means; the line `:files` asks for file names.

/// The script of one shell.
package struct CompletionScript: Sendable {
  /// Name of the shell.
  package let shell: String
  /// Name of the file as the shell looks for it.
  package let file: String
  /// The whole script.
  package let text: String
}

/// The scripts of all shells.
package enum CompletionScripts {
  /// bash, zsh, fish.
  package static let all: [CompletionScript] = [bash, zsh, fish]

  private static let bash = CompletionScript(
    shell: "bash", file: "mq.bash",
    text: #"""
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

      """#)

  private static let zsh = CompletionScript(
    shell: "zsh", file: "_mq",
    text: #"""
      #compdef mq
      # zsh completion for mq; printed by: mq completion zsh

      _mq() {
        local -a candidates
        local line word
        while IFS= read -r line; do
          if [[ $line == ":files" ]]; then
            _files
            return
          fi
          word="${line%%$'\t'*}"
          word="${word//:/\\:}"
          if [[ $line == *$'\t'* ]]; then
            candidates+=("$word:${line#*$'\t'}")
          else
            candidates+=("$word")
          fi
        done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
        _describe -t candidates 'mq' candidates
      }
      if [[ "${funcstack[1]}" == "_mq" ]]; then
        _mq "$@"
      else
        compdef _mq mq
      fi

      """#)

  private static let fish = CompletionScript(
    shell: "fish", file: "mq.fish",
    text: #"""
      # fish completion for mq; printed by: mq completion fish

      function __mq_complete
        set -l words (commandline -opc) (commandline -ct)
        set -l candidates ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        if test "$candidates[1]" = ":files"
          __fish_complete_path (commandline -ct)
        else
          string join \n -- $candidates
        end
      end
      complete -c mq -f -a '(__mq_complete)'

      """#)
}
