using System.CommandLine;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki;
using TlsGateway.Pki.Files;

namespace TlsGateway.Gateway.Commands.Tools;

/// <summary>A passphrase from a file or the environment, never from the command line, which every user of the machine can read.</summary>
internal sealed class PassphraseOptions
{
    private const int MaxLength = 1024;

    private readonly ConfigurationWorld _world;
    private readonly Option<string?> _file;
    private readonly Option<string?> _variable;

    /// <summary>Makes <c>--{prefix}passphrase-file</c> and <c>--{prefix}passphrase-env</c>.</summary>
    public PassphraseOptions(ConfigurationWorld world, string prefix, string whose)
    {
        _world = world;
        _file = new($"--{prefix}passphrase-file") { Description = $"Passphrase of {whose}: the file's first line.", HelpName = "FILE" };
        _variable = new($"--{prefix}passphrase-env")
        {
            Description = $"Passphrase of {whose}: from this environment variable.",
            HelpName = "NAME",
        };
    }

    public void AddTo(Command command)
    {
        command.Add(_file);
        command.Add(_variable);
    }

    /// <summary>Null: none was named.</summary>
    /// <exception cref="PkiException">Both were named, or there is none where it should be.</exception>
    public string? Read(ParseResult parsed)
    {
        var file = parsed.GetValue(_file);
        var variable = parsed.GetValue(_variable);
        if (file is not null && variable is not null)
        {
            throw new PkiException($"{_file.Name} and {_variable.Name} name two passphrases. Give one of them.");
        }
        if (file is not null)
        {
            return Check(PrivateFiles.ReadText(file).Split('\n')[0].TrimEnd('\r'), $"The first line of {file}");
        }
        return variable is null ? null : Check(_world.GetVariable(variable) ?? "", $"The environment variable {variable}");
    }

    /// <summary>As <see cref="Read"/>; one has to be named.</summary>
    public string Require(ParseResult parsed, string why) =>
        Read(parsed) ?? throw new PkiException($"{why} needs a passphrase. Give {_file.Name} FILE or {_variable.Name} NAME.");

    private static string Check(string passphrase, string place) =>
        passphrase.Length is > 0 and <= MaxLength
            ? passphrase
            : throw new PkiException($"{place} is empty or longer than {MaxLength} characters. Put the passphrase there.");
}
