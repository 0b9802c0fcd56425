// Asks your code what the conformance kit wants to know:
//
//     javac *.java && kesspay conformance run -- java Adapter

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Adapter {
    // The questions hold names, numbers and base64, without blanks and escapes.
    static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|(\\d+))");

    static String words(Throwable problem) {
        return "\"" + String.valueOf(problem.getMessage()).replaceAll("[^ !#-\\[\\]-~]", "?") + "\"}";
    }

    static byte[] decoded(String field) {
        return field == null ? null : Base64.getDecoder().decode(field);
    }

    static String answer(String line) {
        Map<String, String> question = new HashMap<>();
        Matcher field = FIELD.matcher(line);
        while (field.find()) {
            question.put(field.group(1), field.group(2) == null ? field.group(3) : field.group(2));
        }
        if (question.get("op").equals("hello")) {
            return "{\"protocol\":1,\"name\":\"my-kess\",\"version\":\"1\",\"language\":\"Java "
                + System.getProperty("java.version") + "\",\"ops\":[\""
                + String.join("\",\"", Kess.OPERATIONS.keySet()) + "\"],\"profiles\":[]}";
        }
        String start = "{\"id\":" + question.get("id") + ",";
        Kess.Operation operation = Kess.OPERATIONS.get(question.get("op"));
        if (operation == null) {
            return start + "\"unsupported\":\"this operation\"}";
        }
        String kind = question.get("kind");
        try {
            byte[] bytes = operation.run(decoded(question.get("text")), decoded(question.get("key")),
                kind == null ? null : kind.getBytes(StandardCharsets.US_ASCII), decoded(question.get("password")));
            return start + "\"bytes\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"}";
        } catch (Kess.Refused refusal) {
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
