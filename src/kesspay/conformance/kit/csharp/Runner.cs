// Asks your code the cases of the conformance kit, without Python:
//
//     mcs Runner.cs Kess.cs && mono Runner.exe <cases/api.tsv

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

static class Runner
{
    static byte[] Decoded(string field) => field == "-" ? null : Convert.FromBase64String(field);

    static string Latin(byte[] bytes) => Encoding.GetEncoding("iso-8859-1").GetString(bytes);

    static int Main()
    {
        var rows = Console.In.ReadToEnd().Split('\n').Select(line => line.Split('\t'));
        var broken = new HashSet<string>();
        var asked = 0;
        // A row: op, text, key, kind, password, result, rule ...
        foreach (var one in rows.Where(row => Kess.Operations.ContainsKey(row[0])))
        {
            asked++;
            var given = one.Skip(1).Take(4).Select(Decoded).ToArray();
            string actual;
            try
            {
                actual = Latin(Kess.Operations[one[0]](given[0], given[1], given[2], given[3]));
            }
            catch (Exception problem)
            {
                actual = problem is Refused ? "refused" : "error: " + problem.Message;
            }
            var expected = one[5] == "-" ? "refused" : Latin(Decoded(one[5]));
            if (actual == expected || !broken.Add(one[6])) continue;
            var text = actual.Take(300).Select(x => x < 32 || x > 126 ? $"\\x{(int)x:x2}" : $"{x}");
            Console.WriteLine($"{one[7]}\n  {one[8]}\n    expected  {one[9]}");
            Console.WriteLine($"    actual    {string.Concat(text)}\n  {one[14]}");
        }
        Console.WriteLine($"{asked} cases asked, {broken.Count} rules broken");
        return asked > 0 && broken.Count == 0 ? 0 : 1;
    }
}
