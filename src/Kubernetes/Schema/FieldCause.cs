namespace LlmOps.Kubernetes.Schema;

/// <summary>One <c>metav1.StatusCause</c>: which field is wrong, and why.</summary>
public sealed record FieldCause(string Reason, string Field, string Message)
{
    public static FieldCause Invalid(string field, string value, string why) => new("FieldValueInvalid", field, $"Invalid value: {value}: {why}");

    public static FieldCause TypeInvalid(string field, string value, string why) => new("FieldValueTypeInvalid", field, $"Invalid value: {value}: {why}");

    public static FieldCause RequiredValue(string field) => new("FieldValueRequired", field, "Required value");

    public static FieldCause Duplicate(string field, string value) => new("FieldValueDuplicate", field, $"Duplicate value: {value}");

    public static FieldCause Forbidden(string field, string why) => new("FieldValueForbidden", field, $"Forbidden: {why}");

    public static FieldCause TooLong(string field, int limit) => new("FieldValueTooLong", field, $"Too long: may not be more than {limit} bytes");

    public static FieldCause TooMany(string field, int count, int limit) =>
        new("FieldValueTooMany", field, $"Too many: {count}: must have at most {limit} items");

    public static FieldCause NotSupported(string field, string value, IEnumerable<string> supported) =>
        new("FieldValueNotSupported", field, $"Unsupported value: {value}: supported values: {string.Join(", ", supported)}");
}
