namespace LlmOps.Api.Schema;

/// <summary>Regular expressions (RE2) that more than one field uses.</summary>
public static class Patterns
{
    /// <summary>A quantity of bytes.</summary>
    public const string Bytes = "^[0-9]+(\\.[0-9]+)?(k|Ki|M|Mi|G|Gi|T|Ti)?$";
}
