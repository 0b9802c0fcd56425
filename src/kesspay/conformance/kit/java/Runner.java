// Asks your code the cases of the conformance kit, without Python:
//
//     javac *.java && java Runner <cases/api.tsv

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.*;
import java.util.stream.*;

public class Runner {
    static byte[] decoded(String field) {
        return field.equals("-") ? null : Base64.getDecoder().decode(field);
    }

    static String shown(String text) {
        return text.chars().limit(300).mapToObj(x -> x < 32 || x > 126
            ? String.format("\\x%02x", x) : Character.toString(x)).collect(Collectors.joining());
    }

    public static void main(String[] arguments) throws Exception {
        Set<String> broken = new HashSet<>();
        int asked = 0;
        for (String line : new String(System.in.readAllBytes(), ISO_8859_1).split("\n")) {
            String[] one = line.split("\t"); // op, text, key, kind, password, result, rule ...
            Kess.Operation operation = Kess.OPERATIONS.get(one[0]);
            if (operation == null) continue;
            asked++;
            byte[][] in = Stream.of(one).skip(1).limit(5).map(Runner::decoded)
                .toArray(byte[][]::new);
            String actual;
            try {
                actual = new String(operation.run(in[0], in[1], in[2], in[3]), ISO_8859_1);
            } catch (Exception | StackOverflowError problem) {
                actual = problem instanceof Kess.Refused ? "refused" : "error: " + problem;
            }
            String expected = in[4] == null ? "refused" : new String(in[4], ISO_8859_1);
            if (actual.equals(expected) || !broken.add(one[6])) continue;
            System.out.println(one[7] + "\n  " + one[8] + "\n    expected  " + one[9]);
            System.out.println("    actual    " + shown(actual) + "\n  " + one[13]);
        }
        System.out.println(asked + " cases asked, " + broken.size() + " rules broken");
        System.exit(asked > 0 && broken.isEmpty() ? 0 : 1);
    }
}
