namespace LlmOps.Api.Schema;

/// <summary>Regular expressions (RE2) that more than one field uses.</summary>
public static class Patterns
{
    /// <summary>Name of a Kubernetes object (RFC 1123 subdomain).</summary>
    public const string ObjectName = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    public const string ObjectNameMessage = "write the name of an object in this namespace: lower-case letters, digits, '-' and '.', such as support-keys";

    /// <summary>Key in a ConfigMap or Secret.</summary>
    public const string DataKey = "^[-._a-zA-Z0-9]+$";

    public const string DataKeyMessage = "write a key of it: letters, digits, '-', '_' and '.', such as token or cases.jsonl";

    /// <summary>A quantity of bytes.</summary>
    public const string Bytes = "^[0-9]+(\\.[0-9]+)?(k|Ki|M|Mi|G|Gi|T|Ti)?$";
}
