using System.Globalization;
using System.Text;
using System.Xml;
using LlmOps.Api;

namespace LlmOps.Cli.Eval;

/// <summary>
/// Results as JUnit XML: a suite for each gate, a test for each criterion. Fail is a failure; what has no clear answer is an error, so that no reader takes it for a pass. Pure.
/// </summary>
internal static class JUnitReport
{
    public static string Of(string deployment, IReadOnlyList<GateResult> results)
    {
        using var text = new Utf8Text();
        using (var xml = XmlWriter.Create(text, new() { Indent = true, NewLineChars = "\n" }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteAttributeString("name", $"kubectl llm eval {deployment}");
            foreach (var result in results)
                Suite(xml, deployment, result);
            xml.WriteEndElement();
        }

        return text.ToString() + "\n";
    }

    private static void Suite(XmlWriter xml, string deployment, GateResult result)
    {
        IReadOnlyList<CriterionResult> tests = result.Criteria.Count > 0 ? result.Criteria : [new() { Criterion = "can be run", Verdict = result.Verdict, Message = result.Message }];
        var seconds = (result.Took ?? TimeSpan.Zero).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        xml.WriteStartElement("testsuite");
        Attribute(xml, "name", result.Gate);
        Attribute(xml, "tests", Number(tests.Count));
        Attribute(xml, "failures", Number(tests.Count(IsFailure)));
        Attribute(xml, "errors", Number(tests.Count(IsError)));
        Attribute(xml, "time", seconds);
        foreach (var test in tests)
        {
            xml.WriteStartElement("testcase");
            Attribute(xml, "classname", $"{deployment}.{result.Gate}");
            Attribute(xml, "name", test.Criterion);
            // The criteria of a gate are judged on the same answers: its time is theirs.
            Attribute(xml, "time", seconds);
            if (test.Verdict != Verdicts.Pass)
            {
                xml.WriteStartElement(IsFailure(test) ? "failure" : "error");
                Attribute(xml, "type", test.Verdict);
                Attribute(xml, "message", test.Message);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        if (result.WorstCases.Count > 0)
            xml.WriteElementString("system-out", Valid(string.Join('\n', result.WorstCases.Select(c => $"{c.Id}: {c.Metric}: {c.Why}\n  answer: {c.Answer}\n  stable: {c.BaselineAnswer ?? "-"}"))));
        xml.WriteEndElement();
    }

    private static bool IsFailure(CriterionResult test) => test.Verdict == Verdicts.Fail;

    private static bool IsError(CriterionResult test) => test.Verdict is not (Verdicts.Pass or Verdicts.Fail);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Attribute(XmlWriter xml, string name, string value) => xml.WriteAttributeString(name, Valid(value));

    /// <summary>Models answer with anything; XML has no place for most control characters and for halves of surrogate pairs.</summary>
    private static string Valid(string text)
    {
        var valid = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            valid.Append(rune.Value > char.MaxValue || XmlConvert.IsXmlChar((char)rune.Value) ? rune.ToString() : "\uFFFD");
        return valid.ToString();
    }

    /// <summary>So that the declaration does not say UTF-16.</summary>
    private sealed class Utf8Text() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
