// Asks your adapter every case of the conformance kit, without Python:
//
//     mcs Runner.cs && mono Runner.exe [KIT [LEVEL [COMMAND [ARGUMENT]]]]
//
// KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
// the adapter; without it, mono with adapters/Adapter.exe of the kit.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

static class Runner
{
    // The words of a member of an answer, or null.
    static string Member(string answer, string name)
    {
        var found = Regex.Match(answer, "\"" + name + "\": ?(\"[^\"]*\"|\\[[^\\]]*\\])");
        return found.Success ? Regex.Replace(found.Groups[1].Value, "^[\"\\[]|[\"\\]]$", "").Replace("\\/", "/") : null;
    }

    static string Decoded(string field)
    {
        return field == "-" ? "a refusal" : Encoding.GetEncoding("iso-8859-1").GetString(Convert.FromBase64String(field));
    }

    static string Shown(string text)
    {
        return Regex.Replace(text.Substring(0, Math.Min(text.Length, 300)), "[^ -~]", other => "\\x" + ((int)other.Value[0]).ToString("x2"));
    }

    static int Main(string[] arguments)
    {
        var kit = arguments.Length > 0 ? arguments[0] : ".";
        var levels = new List<string> { "api", "any-document", "hostile" };
        var most = levels.IndexOf(arguments.Length > 1 ? arguments[1] : "hostile");
        var command = arguments.Length > 2 ? arguments.Skip(2).ToArray() : new[] { "mono", kit + "/adapters/Adapter.exe" };
        var adapter = Process.Start(new ProcessStartInfo(command[0], string.Join(" ", command.Skip(1).Select(word => "\"" + word + "\"")))
            { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true });
        Func<string, string> ask = question =>
        {
            adapter.StandardInput.Write(question + "}\n");
            adapter.StandardInput.Flush();
            return adapter.StandardOutput.ReadLine();
        };
        var operations = Member(ask("{\"op\":\"hello\",\"protocol\":1,\"kit\":\"1\""), "ops").Split(',').Select(name => name.Trim(' ', '"')).ToList();
        // A body has more than one right answer, which `kesspay conformance run` can judge.
        int passed = 0, failed = 0, skipped = 0;
        var broken = new HashSet<string>();
        foreach (var lines in Directory.GetFiles(kit + "/cases", "*.tsv").OrderBy(name => name, StringComparer.Ordinal).Select(File.ReadAllLines))
            foreach (var row in lines.Skip(1).Select(line => line.Split('\t')))
            {
                var one = lines[0].Split('\t').Zip(row, (name, field) => new { name, field }).ToDictionary(x => x.name, x => x.field);
                var fields = new[] { "op", "kind", "key", "text", "password" }.Where(name => one[name] != "-").Select(name => ",\"" + name + "\":\"" + one[name] + "\"");
                var isAsked = operations.Contains(one["op"]) && one["op"] != "body" && one["profile"] == "-" && levels.IndexOf(one["level"]) <= most;
                var answer = isAsked ? ask("{\"id\":1,\"profile\":\"\"" + string.Concat(fields)) : "\"unsupported\":\"\"}";
                string actual = Member(answer, "bytes") ?? "-", error = Member(answer, "error");
                if (Member(answer, "unsupported") != null) skipped++;
                else if (error == null && actual == one["result"]) passed++;
                else
                {
                    failed++;
                    if (broken.Add(one["rule"]))
                        Console.WriteLine(one["rule"] + "  " + one["title"] + " (" + one["level"] + ")\n  " + one["id"] + "  " + Shown(Decoded(one["text"]))
                            + "\n    expected  " + Shown(Decoded(one["result"])) + "\n    actual    " + Shown(error == null ? Decoded(actual) : "error: " + error)
                            + "\n  " + one["C#"] + one["doc"]);
                }
            }
        Console.WriteLine(passed + " passed, " + failed + " failed in " + broken.Count + " rules, " + skipped + " not run");
        return failed > 0 ? 1 : passed > 0 ? 0 : 2;
    }
}
