using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema.Cel;

/// <summary>An expression that has no value for an object, such as one that reads a field that is not there. The server refuses the object then too.</summary>
public sealed class CelException(string message) : Exception(message);

/// <summary>
/// Works out an expression. Values are null, <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>, <see cref="string"/>, <see cref="TimeSpan"/>,
/// lists and <see cref="JsonObject"/>. Numbers compare by their value, whatever their type: the server's type checker has seen the rules before.
/// </summary>
public static class CelEvaluator
{
    /// <exception cref="CelException">It has no value.</exception>
    public static object? Evaluate(CelExpression expression, IReadOnlyDictionary<string, object?> variables) => expression switch
    {
        CelLiteral literal => literal.Value,
        CelVariable variable => variables.TryGetValue(variable.Name, out var value) ? value : throw new CelException($"undeclared reference to '{variable.Name}'"),
        CelSelect select => Field(Evaluate(select.Operand, variables), select.Field),
        CelHas has => Evaluate(has.Field.Operand, variables) is JsonObject o && o[has.Field.Field] is not null,
        CelIndex index => Item(Evaluate(index.Operand, variables), Evaluate(index.Index, variables)),
        CelList list => list.Items.Select(i => Evaluate(i, variables)).ToList(),
        CelConditional conditional => Evaluate(Truth(Evaluate(conditional.Condition, variables)) ? conditional.Then : conditional.Otherwise, variables),
        CelOperation { Operator: "&&" or "||" } logic => Logic(logic, variables),
        CelOperation operation => CelOperators.Apply(operation.Operator, Evaluate(operation.Left, variables), operation.Right is null ? null : Evaluate(operation.Right, variables)),
        CelCall call => CelFunctions.Call(call.Function, [.. call.Target is null ? [] : new[] { Evaluate(call.Target, variables) }, .. call.Arguments.Select(a => Evaluate(a, variables))]),
        CelComprehension comprehension => Comprehend(comprehension, variables),
        _ => throw new CelException($"{expression} is not supported"),
    };

    /// <summary>JSON as a value of the language.</summary>
    public static object? ValueOf(JsonNode? node) => node switch
    {
        null => null,
        JsonObject o => o,
        JsonArray array => array.Select(ValueOf).ToList(),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => (string?)node,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => node.IsInteger() ? (object)(long)node.TryGetNumber()!.Value : node.TryGetNumber(),
            _ => null,
        },
    };

    internal static bool Truth(object? value) => value is bool truth ? truth : throw new CelException("no such overload: a truth value is expected");

    private static object? Field(object? operand, string name) =>
        operand is JsonObject o && o[name] is { } value ? ValueOf(value) : throw new CelException($"no such key: {name}");

    private static object? Item(object? operand, object? index) => (operand, index) switch
    {
        (IReadOnlyList<object?> list, long i) when i >= 0 && i < list.Count => list[(int)i],
        (IReadOnlyList<object?>, long i) => throw new CelException($"index out of bounds: {i}"),
        (JsonObject o, string name) => Field(o, name),
        _ => throw new CelException("no such overload: index"),
    };

    /// <summary>CEL's logic is commutative: an error on one side does not matter where the other side decides.</summary>
    private static bool Logic(CelOperation logic, IReadOnlyDictionary<string, object?> variables)
    {
        var decides = logic.Operator == "||";
        try
        {
            if (Truth(Evaluate(logic.Left, variables)) == decides)
                return decides;
        }
        catch (CelException) when (Decides(logic.Right!, variables, decides))
        {
            return decides;
        }

        return Truth(Evaluate(logic.Right!, variables));
    }

    private static bool Decides(CelExpression expression, IReadOnlyDictionary<string, object?> variables, bool value)
    {
        try
        {
            return Truth(Evaluate(expression, variables)) == value;
        }
        catch (CelException)
        {
            return false;
        }
    }

    private static object Comprehend(CelComprehension comprehension, IReadOnlyDictionary<string, object?> variables)
    {
        var range = Evaluate(comprehension.Range, variables) switch
        {
            IReadOnlyList<object?> list => list,
            JsonObject map => [.. map.Select(m => (object?)m.Key)],
            _ => throw new CelException($"no such overload: {comprehension.Macro}"),
        };
        object? Body(object? item) => Evaluate(comprehension.Body, new Dictionary<string, object?>(variables) { [comprehension.Variable] = item });
        return comprehension.Macro switch
        {
            "all" => range.All(item => Truth(Body(item))),
            "exists" => range.Any(item => Truth(Body(item))),
            "exists_one" => range.Count(item => Truth(Body(item))) == 1,
            "filter" => range.Where(item => Truth(Body(item))).ToList(),
            _ => range.Select(Body).ToList(),
        };
    }
}
