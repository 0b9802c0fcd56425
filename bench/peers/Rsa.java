// Java as a peer of the benchmarks: signatures alone, with key objects.
//
//   java Rsa.java PKCS8_DER_FILE SPKI_DER_FILE MESSAGE_FILE
//
// First prints its signature of the message in base64. Then one line in,
// "WHAT TIMES" with sign or verify, and one line out: nanoseconds of CPU.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

class Rsa {
    static PrivateKey privateKey;
    static PublicKey publicKey;
    static byte[] message;

    static byte[] sign() throws Exception {
        Signature signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(privateKey);
        signer.update(message);
        return signer.sign();
    }

    static boolean verify(byte[] signature) throws Exception {
        Signature verifier = Signature.getInstance("SHA256withRSA");
        verifier.initVerify(publicKey);
        verifier.update(message);
        return verifier.verify(signature);
    }

    public static void main(String[] files) throws Exception {
        KeyFactory keys = KeyFactory.getInstance("RSA");
        byte[] secret = Files.readAllBytes(Path.of(files[0]));
        byte[] open = Files.readAllBytes(Path.of(files[1]));
        privateKey = keys.generatePrivate(new PKCS8EncodedKeySpec(secret));
        publicKey = keys.generatePublic(new X509EncodedKeySpec(open));
        message = Files.readAllBytes(Path.of(files[2]));
        byte[] signature = sign();
        System.out.println(Base64.getEncoder().encodeToString(signature));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        var clock = ManagementFactory.getThreadMXBean();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            long start = clock.getCurrentThreadCpuTime();
            for (int i = Integer.parseInt(words[1]); i > 0; i--) {
                boolean done = words[0].equals("sign")
                    ? sign().length > 0 : verify(signature);
                if (!done) {
                    throw new Exception(words[0]);
                }
            }
            System.out.println(clock.getCurrentThreadCpuTime() - start);
        }
    }
}
