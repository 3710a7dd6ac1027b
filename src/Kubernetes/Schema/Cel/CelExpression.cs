namespace LlmOps.Kubernetes.Schema.Cel;

/// <summary>An expression of the Common Expression Language, as far as rules of CustomResourceDefinitions use it. https://github.com/google/cel-spec</summary>
public abstract record CelExpression;

/// <summary>A number, a text, a truth value or null.</summary>
public sealed record CelLiteral(object? Value) : CelExpression;

/// <summary>A variable: <c>self</c>, <c>oldSelf</c>, or that of a macro.</summary>
public sealed record CelVariable(string Name) : CelExpression;

/// <summary><c>operand.field</c>.</summary>
public sealed record CelSelect(CelExpression Operand, string Field) : CelExpression;

/// <summary><c>has(operand.field)</c>.</summary>
public sealed record CelHas(CelSelect Field) : CelExpression;

/// <summary><c>operand[index]</c>.</summary>
public sealed record CelIndex(CelExpression Operand, CelExpression Index) : CelExpression;

/// <summary><c>[a, b]</c>.</summary>
public sealed record CelList(IReadOnlyList<CelExpression> Items) : CelExpression;

/// <summary>A unary or binary operator: <c>!</c>, <c>neg</c>, <c>&amp;&amp;</c>, <c>||</c>, <c>==</c>, <c>!=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>&gt;</c>, <c>&gt;=</c>, <c>in</c>, <c>+</c>, <c>-</c>, <c>*</c>, <c>/</c>, <c>%</c>.</summary>
public sealed record CelOperation(string Operator, CelExpression Left, CelExpression? Right) : CelExpression;

/// <summary><c>condition ? then : otherwise</c>.</summary>
public sealed record CelConditional(CelExpression Condition, CelExpression Then, CelExpression Otherwise) : CelExpression;

/// <summary>A function, called on a value or by itself.</summary>
public sealed record CelCall(string Function, CelExpression? Target, IReadOnlyList<CelExpression> Arguments) : CelExpression;

/// <summary>A macro over a list or the keys of a map: <c>all</c>, <c>exists</c>, <c>exists_one</c>, <c>filter</c>, <c>map</c>.</summary>
public sealed record CelComprehension(string Macro, CelExpression Range, string Variable, CelExpression Body) : CelExpression;
