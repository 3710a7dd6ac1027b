namespace LlmOps.Api.Schema;

/// <summary>Default value that the API server writes where the field is absent, as JSON text.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SchemaDefaultAttribute(string json) : Attribute
{
    public string Json { get; } = json;
}

/// <summary>Inclusive bounds of a number.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BoundsAttribute : Attribute
{
    public double Min { get; init; } = double.NaN;

    public double Max { get; init; } = double.NaN;

    /// <summary>Whether <see cref="Min"/> itself is refused.</summary>
    public bool ExclusiveMin { get; init; }
}

/// <summary>Bounds of a text's length, of a list's items or of a map's entries. Every list and map has a bound, or CEL costs cannot be worked out.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Struct)]
public sealed class SizeAttribute : Attribute
{
    public int Min { get; init; } = -1;

    public int Max { get; init; } = -1;
}

/// <summary>Regular expression (RE2) that a text, or each text of a list, must match.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Struct)]
public sealed class TextPatternAttribute(string pattern) : Attribute
{
    public string Pattern { get; } = pattern;

    /// <summary>What to write instead. Without it the API server just quotes the expression.</summary>
    public string? Message { get; init; }
}

/// <summary>The only values that a text may have.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute(params string[] values) : Attribute
{
    public IReadOnlyList<string> Values { get; } = values;
}

/// <summary>How server-side apply merges a list: <c>map</c> by its keys, <c>set</c> or <c>atomic</c> (the default).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListTypeAttribute(string type, params string[] keys) : Attribute
{
    public string Type { get; } = type;

    public IReadOnlyList<string> Keys { get; } = keys;
}

/// <summary>A CEL rule (<c>x-kubernetes-validations</c>) on a type or a field. The message says what to do.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class CelRuleAttribute(string rule, string message) : Attribute
{
    public string Rule { get; } = rule;

    public string Message { get; } = message;

    /// <summary>Path of the field to blame, such as <c>.min</c>.</summary>
    public string? FieldPath { get; init; }
}

/// <summary>Any JSON is kept as it is: for parts that belong to Kubernetes' own types.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PreserveUnknownFieldsAttribute : Attribute;

/// <summary>Names of a kind in the CRD.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomResourceAttribute(string singular, params string[] shortNames) : Attribute
{
    public string Singular { get; } = singular;

    public IReadOnlyList<string> ShortNames { get; } = shortNames;

    /// <summary>JSON path under <c>.spec</c> of the scale subresource's replicas; no scale subresource where null.</summary>
    public string? ScaleSpecPath { get; init; }

    public string? ScaleStatusPath { get; init; }

    public string? ScaleSelectorPath { get; init; }
}

/// <summary>A column of <c>kubectl get</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PrinterColumnAttribute(string name, string type, string jsonPath) : Attribute
{
    public string Name { get; } = name;

    /// <summary><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</summary>
    public string Type { get; } = type;

    public string JsonPath { get; } = jsonPath;

    public string? Description { get; init; }

    /// <summary>0 is always shown, 1 only with <c>-o wide</c>.</summary>
    public int Priority { get; init; }
}
