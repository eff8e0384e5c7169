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
        local line
        COMPREPLY=()
        # mq takes the line apart and quotes what it offers; a program called by ~ is meant to be expanded.
        while IFS= read -r line; do
          if [[ $line == ":files" ]]; then
            compopt -o default 2>/dev/null
            return
          fi
          COMPREPLY+=("$line")
        done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete --line="${COMP_LINE:0:COMP_POINT}" \
          --word="${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
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
        done < <("${(Q)words[1]/#\~/$HOME}" __complete --quoted -- "${(@)words[2,CURRENT]}" 2>/dev/null)
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
        set -l words (commandline -opc)
        set -l typed (commandline -ct)
        # What has an open quote cannot be unescaped as a whole.
        set -l current (string unescape -- $typed; or string replace -r '^["\']' '' -- $typed)
        set -l candidates ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$candidates[1]" = ":files"
          __fish_complete_path (commandline -ct)
        else
          string join \n -- $candidates
        end
      end
      complete -c mq -f -a '(__mq_complete)'

      """#)
}
