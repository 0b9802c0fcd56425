// Asks your adapter every case of the conformance kit, without Python:
//
//     java Runner.java [KIT [LEVEL [COMMAND...]]]
//
// KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
// the adapter; without it, adapters/Adapter.java of the kit.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

public class Runner {
    /** The words of a member of an answer, or a default. */
    static String member(String answer, String name, String otherwise) {
        Matcher found = Pattern.compile("\"" + name + "\": ?(\"[^\"]*\"|\\[[^\\]]*\\])").matcher(answer);
        return found.find() ? found.group(1).replaceAll("^[\"\\[]|[\"\\]]$", "").replace("\\/", "/") : otherwise;
    }

    static String decoded(String field) {
        return field.equals("-") ? "a refusal" : new String(Base64.getDecoder().decode(field), java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    static String shown(String text) {
        return Pattern.compile("[^ -~]").matcher(text.substring(0, Math.min(text.length(), 300)))
            .replaceAll(other -> String.format("\\\\x%02x", (int) other.group().charAt(0)));
    }

    public static void main(String[] arguments) throws Exception {
        String kit = arguments.length > 0 ? arguments[0] : ".";
        List<String> levels = List.of("api", "any-document", "hostile");
        int most = levels.indexOf(arguments.length > 1 ? arguments[1] : "hostile");
        List<String> command = arguments.length > 2 ? Arrays.asList(arguments).subList(2, arguments.length) : List.of("java", kit + "/adapters/Adapter.java");
        Process adapter = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        PrintStream questions = new PrintStream(adapter.getOutputStream(), true);
        BufferedReader answers = new BufferedReader(new InputStreamReader(adapter.getInputStream()));
        questions.print("{\"op\":\"hello\",\"protocol\":1,\"kit\":\"1\"}\n");
        questions.flush();
        List<String> operations = Arrays.asList(member(answers.readLine(), "ops", "").replaceAll("[\" ]", "").split(","));
        // A body has more than one right answer, which `kesspay conformance run` can judge.
        int passed = 0, failed = 0, skipped = 0;
        TreeSet<String> broken = new TreeSet<>();
        List<Path> files;
        try (Stream<Path> found = Files.list(Path.of(kit, "cases"))) {
            files = found.filter(file -> file.toString().endsWith(".tsv")).sorted().collect(Collectors.toList());
        }
        for (Path file : files) {
            List<String> lines = Files.readAllLines(file);
            for (String line : lines.subList(1, lines.size())) {
                Map<String, String> one = new TreeMap<>();
                for (int at = 0; at < lines.get(0).split("\t").length; at++) {
                    one.put(lines.get(0).split("\t")[at], line.split("\t", -1)[at]);
                }
                String answer = "\"unsupported\":\"\"}";
                if (operations.contains(one.get("op")) && !one.get("op").equals("body") && one.get("profile").equals("-") && levels.indexOf(one.get("level")) <= most) {
                    questions.print("{\"id\":1,\"profile\":\"\"" + Stream.of("op", "kind", "key", "text", "password").filter(name -> !one.get(name).equals("-"))
                        .map(name -> ",\"" + name + "\":\"" + one.get(name) + "\"").collect(Collectors.joining()) + "}\n");
                    questions.flush();
                    answer = answers.readLine();
                }
                String actual = member(answer, "bytes", "-"), error = member(answer, "error", null);
                if (member(answer, "unsupported", null) != null) {
                    skipped++;
                } else if (error == null && actual.equals(one.get("result"))) {
                    passed++;
                } else {
                    failed++;
                    if (broken.add(one.get("rule"))) {
                        System.out.printf("%s  %s (%s)%n  %s  %s%n    expected  %s%n    actual    %s%n  %s%s%n", one.get("rule"), one.get("title"),
                            one.get("level"), one.get("id"), shown(decoded(one.get("text"))), shown(decoded(one.get("result"))),
                            shown(error == null ? decoded(actual) : "error: " + error), one.get("Java"), one.get("doc"));
                    }
                }
            }
        }
        System.out.println(passed + " passed, " + failed + " failed in " + broken.size() + " rules, " + skipped + " not run");
        System.exit(failed > 0 ? 1 : passed > 0 ? 0 : 2);
    }
}
