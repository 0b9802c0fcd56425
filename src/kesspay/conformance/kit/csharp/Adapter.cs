// Asks your code what the conformance kit wants to know:
//
//     mcs Adapter.cs Kess.cs && kesspay conformance run -- mono Adapter.exe

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

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
                + Environment.Version + ")\",\"ops\":[\"" + string.Join("\",\"", Kess.Operations.Keys)
                + "\"],\"profiles\":[]}";
        var start = "{\"id\":" + question["id"] + ",";
        Operation operation;
        if (!Kess.Operations.TryGetValue(question["op"], out operation))
            return start + "\"unsupported\":\"this operation\"}";
        Func<string, byte[]> decoded = name => question.ContainsKey(name) ? Convert.FromBase64String(question[name]) : null;
        var kind = question.ContainsKey("kind") ? Encoding.ASCII.GetBytes(question["kind"]) : null;
        try
        {
            var bytes = operation(decoded("text"), decoded("key"), kind, decoded("password"));
            return start + "\"bytes\":\"" + Convert.ToBase64String(bytes) + "\"}";
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
