// Asks your Java code what the conformance kit wants to know:
//
//     kesspay conformance run -- java Adapter.java

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Adapter {
    /** Your code refuses the input. Any other exception is an error, which blames no rule. */
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

    // The questions hold names, numbers and base64, without blanks and escapes.
    static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|(\\d+))");

    static String words(Throwable problem) {
        return "\"" + String.valueOf(problem.getMessage()).replaceAll("[^ !#-\\[\\]-~]", "?") + "\"}";
    }

    static String answer(String line) {
        Map<String, String> question = new LinkedHashMap<>();
        Matcher field = FIELD.matcher(line);
        while (field.find()) {
            question.put(field.group(1), field.group(2) == null ? field.group(3) : field.group(2));
        }
        String op = question.remove("op");
        if (op.equals("hello")) {
            return "{\"protocol\":1,\"name\":\"my-kess\",\"version\":\"1\",\"language\":\"Java "
                + System.getProperty("java.version") + "\",\"ops\":[\""
                + String.join("\",\"", OPERATIONS.keySet()) + "\"],\"profiles\":[]}";
        }
        String start = "{\"id\":" + question.remove("id") + ",";
        question.remove("profile");
        Operation operation = OPERATIONS.get(op);
        if (operation == null) {
            return start + "\"unsupported\":\"this operation\"}";
        }
        try {
            Map<String, byte[]> in = new LinkedHashMap<>();
            question.forEach((name, value) -> in.put(name, name.equals("kind")
                ? value.getBytes(StandardCharsets.US_ASCII) : Base64.getDecoder().decode(value)));
            return start + "\"bytes\":\"" + Base64.getEncoder().encodeToString(operation.run(in)) + "\"}";
        } catch (Refused refusal) {
            return start + "\"refused\":" + words(refusal);
        } catch (Exception | StackOverflowError problem) {
            return start + "\"error\":" + words(problem);
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader questions = new BufferedReader(
            new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        PrintStream answers = new PrintStream(System.out, true, "US-ASCII");
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            answers.print(answer(line) + "\n");
            answers.flush();
        }
    }
}
