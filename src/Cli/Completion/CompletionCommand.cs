using System.CommandLine;

namespace LlmOps.Cli.Completion;

/// <summary><c>completion</c>: scripts for shells.</summary>
internal static class CompletionCommand
{
    public static Command Create(Shell shell)
    {
        var kind = new Argument<string>("shell") { Description = "bash, zsh or fish for kubectl-llm; kubectl for the file kubectl_complete-llm, by which kubectl completes kubectl llm in every shell" };
        kind.AcceptOnlyFromAmong("bash", "zsh", "fish", "kubectl");
        var command = new Command("completion", "Prints a script that completes commands, options and names of the cluster") { kind };
        command.SetAction(parsed =>
        {
            shell.Host.Output.Write(Script(parsed.GetRequiredValue(kind)));
            return ExitCodes.Done;
        });
        return shell.HasNoAnswer(command);
    }

    private static string Script(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => Kubectl,
    };

    private const string Kubectl = """
        #!/bin/sh
        # Save as kubectl_complete-llm on your PATH, executable: kubectl asks it for completions of "kubectl llm".
        exec kubectl-llm __complete "$@"

        """;

    private const string Bash = """
        # source <(kubectl-llm completion bash)
        _kubectl_llm() {
          local lines line
          COMPREPLY=()
          mapfile -t lines < <(kubectl-llm __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
          for line in "${lines[@]}"; do
            case $line in
              :*) ;;
              *) line=${line%%$'\t'*}; [[ $line == "${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$line") ;;
            esac
          done
        }
        complete -o default -F _kubectl_llm kubectl-llm

        """;

    private const string Zsh = """
        #compdef kubectl-llm
        # source <(kubectl-llm completion zsh)
        _kubectl_llm() {
          local line
          local -a found
          while IFS= read -r line; do
            [[ $line == :* ]] || found+=("${${line%%$'\t'*}//:/\\:}${${(M)line:#*$'\t'*}:+:${line#*$'\t'}}")
          done < <(kubectl-llm __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
          if (( $#found )); then _describe 'kubectl-llm' found; else _files; fi
        }
        compdef _kubectl_llm kubectl-llm

        """;

    private const string Fish = """
        # kubectl-llm completion fish | source
        function __kubectl_llm_complete
          set -l words (commandline -opc) (commandline -ct)
          set -l lines (kubectl-llm __complete $words[2..-1] 2>/dev/null)
          string match -v -r '^:' -- $lines
          contains -- :0 $lines; and __fish_complete_path (commandline -ct)
        end
        complete -c kubectl-llm -f -a '(__kubectl_llm_complete)'

        """;
}
