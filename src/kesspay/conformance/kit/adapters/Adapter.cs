// Asks your C# code what the conformance kit wants to know:
//
//     mcs Adapter.cs && kesspay conformance run -- mono Adapter.exe

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

/// <summary>Your code refuses the input. Any other exception is an error, which blames no rule.</summary>
class Refused : Exception
{
    public Refused(string message) : base(message) { }
}

// ---- your code: replace the body of Canonicalize() ----------------------------------

static class YourCode
{
    /// <summary>The canonical form of a JSON text: what is signed.</summary>
    public static byte[] Canonicalize(byte[] text)
    {
        return text;
    }

    // Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets
    // kind, text and password; "base64" gets text. README.md of the kit says what each
    // returns.
    public static readonly Dictionary<string, Func<Dictionary<string, byte[]>, byte[]>> Operations =
        new Dictionary<string, Func<Dictionary<string, byte[]>, byte[]>>
        {
            { "canonicalize", given => Canonicalize(given["text"]) },
        };
}

// ---- end of your code ---------------------------------------------------------------

static class Adapter
{
    // The questions hold names, numbers and base64, without blanks and escapes.
    static readonly Regex Field = new Regex("\"(\\w+)\":(?:\"([^\"]*)\"|(\\d+))");

    static string Words(Exception problem)
    {
        return "\"" + Regex.Replace(problem.Message, "[^ !#-\\[\\]-~]", "?") + "\"}";
    }

    static string Answer(string line)
    {
        var question = new Dictionary<string, string>();
        foreach (Match field in Field.Matches(line))
            question[field.Groups[1].Value] = field.Groups[2].Success ? field.Groups[2].Value : field.Groups[3].Value;
        if (question["op"] == "hello")
            return "{\"protocol\":1,\"name\":\"my-kess\",\"version\":\"1\",\"language\":\"C# (CLR "
                + Environment.Version + ")\",\"ops\":[\"" + string.Join("\",\"", YourCode.Operations.Keys)
                + "\"],\"profiles\":[]}";
        var start = "{\"id\":" + question["id"] + ",";
        Func<Dictionary<string, byte[]>, byte[]> operation;
        if (!YourCode.Operations.TryGetValue(question["op"], out operation))
            return start + "\"unsupported\":\"this operation\"}";
        var fields = new Dictionary<string, byte[]>();
        foreach (var name in new[] { "text", "key", "password" })
            if (question.ContainsKey(name)) fields[name] = Convert.FromBase64String(question[name]);
        if (question.ContainsKey("kind")) fields["kind"] = Encoding.ASCII.GetBytes(question["kind"]);
        try
        {
            return start + "\"bytes\":\"" + Convert.ToBase64String(operation(fields)) + "\"}";
        }
        catch (Refused refusal)
        {
            return start + "\"refused\":" + Words(refusal);
        }
        catch (Exception problem)
        {
            return start + "\"error\":" + Words(problem);
        }
    }

    static void Main()
    {
        var answers = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true, NewLine = "\n" };
        var questions = new StreamReader(Console.OpenStandardInput());
        for (var line = questions.ReadLine(); line != null; line = questions.ReadLine())
            answers.WriteLine(Answer(line));
    }
}
