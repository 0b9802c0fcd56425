// Runs the conformance kit on your Java code, without Python and without a JSON library:
//
//     java Runner.java [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile

import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

public class Runner {
    /** Your code refuses the input. Any other exception is an error: it fails the case as well. */
    static class Refused extends Exception {
        Refused(String message) { super(message); }
    }

    interface Operation {
        byte[] run(Map<String, byte[]> in) throws Exception;
    }

    static final Map<String, Operation> OPERATIONS = new LinkedHashMap<>();

    // ---- your code: replace the body of canonicalize() ------------------------------

    /** The canonical form of a JSON text: what is signed. */
    static byte[] canonicalize(byte[] text) throws Refused {
        return text;
    }

    // Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets
    // kind, text and password; "base64" gets text. README.md of the kit says what each
    // returns.
    static {
        OPERATIONS.put("canonicalize", in -> canonicalize(in.get("text")));
    }

    // ---- end of your code -----------------------------------------------------------

    static final List<String> LEVELS = List.of("api", "any-document", "hostile");

    // A field that is not there is "-".
    static byte[] decoded(String field) {
        return field.equals("-") ? null : Base64.getDecoder().decode(field);
    }

    static String shown(byte[] bytes) {
        if (bytes == null) {
            return "a refusal";
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < bytes.length && i < 300; i++) {
            out.append(bytes[i] >= ' ' && bytes[i] <= '~' ? "" + (char) bytes[i] : String.format("\\x%02x", bytes[i]));
        }
        return out.toString();
    }

    public static void main(String[] arguments) throws Exception {
        String kit = arguments.length > 0 ? arguments[0] : ".";
        String most = arguments.length > 1 ? arguments[1] : "hostile";
        TreeSet<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(Path.of(kit, "cases"), "*.tsv")) {
            found.forEach(files::add);
        }
        int passed = 0;
        int failed = 0;
        int skipped = 0;
        Map<String, String> first = new LinkedHashMap<>();
        for (Path file : files) {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            List<String> names = Arrays.asList(lines.get(0).split("\t", -1));
            for (String line : lines.subList(1, lines.size())) {
                Map<String, String> one = new LinkedHashMap<>();
                String[] fields = line.split("\t", -1);
                for (int i = 0; i < fields.length; i++) {
                    one.put(names.get(i), fields[i]);
                }
                Operation operation = OPERATIONS.get(one.get("op"));
                if (operation == null || !one.get("profile").equals("-")
                        || LEVELS.indexOf(one.get("level")) > LEVELS.indexOf(most)) {
                    skipped++;
                    continue;
                }
                Map<String, byte[]> in = new LinkedHashMap<>();
                for (String name : List.of("text", "key", "kind", "password")) {
                    in.put(name, decoded(one.get(name)));
                }
                byte[] expected = decoded(one.get("result"));
                byte[] actual;
                try {
                    actual = operation.run(in);
                } catch (Refused refusal) {
                    actual = null;
                } catch (Exception | StackOverflowError problem) {
                    actual = ("error: " + problem).getBytes(StandardCharsets.UTF_8);
                }
                if (Arrays.equals(actual, expected)) {
                    passed++;
                    continue;
                }
                failed++;
                first.putIfAbsent(one.get("rule"), one.get("rule") + "  " + one.get("title") + " (" + one.get("level")
                    + ")\n  " + one.get("id") + "  " + shown(in.get("text")) + "\n    expected  " + shown(expected)
                    + "\n    actual    " + shown(actual) + "\n  " + one.get("hints") + one.get("doc"));
            }
        }
        first.values().forEach(System.out::println);
        System.out.println(passed + " passed, " + failed + " failed in " + first.size() + " rules, " + skipped + " not run");
        System.exit(failed > 0 ? 1 : passed > 0 ? 0 : 2);
    }
}
