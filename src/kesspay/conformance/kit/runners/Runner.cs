// Runs the conformance kit on your C# code, without Python and without a JSON library:
//
//     mcs Runner.cs && mono Runner.exe [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

/// <summary>Your code refuses the input. Any other exception is an error: it fails the case as well.</summary>
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

static class Runner
{
    static readonly string[] Levels = { "api", "any-document", "hostile" };

    // A field that is not there is "-".
    static byte[] Decoded(string field)
    {
        return field == "-" ? null : Convert.FromBase64String(field);
    }

    static string Shown(byte[] bytes)
    {
        if (bytes == null) return "a refusal";
        return string.Concat(bytes.Take(300).Select(b => b >= 0x20 && b <= 0x7e ? ((char)b).ToString() : "\\x" + b.ToString("x2")));
    }

    static int Main(string[] arguments)
    {
        var kit = arguments.Length > 0 ? arguments[0] : ".";
        var most = arguments.Length > 1 ? arguments[1] : "hostile";
        int passed = 0, failed = 0, skipped = 0;
        var first = new Dictionary<string, string>();
        foreach (var file in Directory.GetFiles(Path.Combine(kit, "cases"), "*.tsv").OrderBy(name => name, StringComparer.Ordinal))
        {
            var lines = File.ReadAllLines(file);
            var names = lines[0].Split('\t');
            foreach (var line in lines.Skip(1))
            {
                var one = line.Split('\t').Select((field, at) => new { at, field }).ToDictionary(x => names[x.at], x => x.field);
                Func<Dictionary<string, byte[]>, byte[]> operation;
                if (!YourCode.Operations.TryGetValue(one["op"], out operation) || one["profile"] != "-"
                    || Array.IndexOf(Levels, one["level"]) > Array.IndexOf(Levels, most))
                {
                    skipped++;
                    continue;
                }
                var given = new[] { "text", "key", "kind", "password" }.ToDictionary(name => name, name => Decoded(one[name]));
                var expected = Decoded(one["result"]);
                byte[] actual;
                try
                {
                    actual = operation(given);
                }
                catch (Refused)
                {
                    actual = null;
                }
                catch (Exception problem)
                {
                    actual = Encoding.UTF8.GetBytes("error: " + problem.Message);
                }
                if (actual == null ? expected == null : expected != null && actual.SequenceEqual(expected))
                {
                    passed++;
                    continue;
                }
                failed++;
                if (!first.ContainsKey(one["rule"]))
                    first[one["rule"]] = one["rule"] + "  " + one["title"] + " (" + one["level"] + ")\n  " + one["id"] + "  "
                        + Shown(given["text"]) + "\n    expected  " + Shown(expected) + "\n    actual    " + Shown(actual) + "\n  " + one["hints"] + one["doc"];
            }
        }
        foreach (var failure in first.Values) Console.WriteLine(failure);
        Console.WriteLine(passed + " passed, " + failed + " failed in " + first.Count + " rules, " + skipped + " not run");
        return failed > 0 ? 1 : passed > 0 ? 0 : 2;
    }
}
