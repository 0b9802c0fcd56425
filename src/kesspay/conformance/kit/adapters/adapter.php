<?php
// Asks your PHP code what the conformance kit wants to know:
//
//     kesspay conformance run -- php adapter.php

declare(strict_types=1);

/** Your code refuses the input. Any other exception is an error, which blames no rule. */
final class Refused extends Exception
{
}

// ---- your code: replace the body of canonicalize() ----------------------------------

/** The canonical form of a JSON text: what is signed. */
function canonicalize(string $text): string
{
    $data = json_decode($text, true);
    if (!is_array($data)) {
        throw new Refused('no JSON object or array');
    }
    ksort($data);
    unset($data['sign_type'], $data['sign']);
    return json_encode($data) ?: throw new Refused(json_last_error_msg());
}

// Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets kind,
// text and password; "base64" gets text. README.md of the kit says what each returns.
$operations = [
    'canonicalize' => fn (array $in): string => canonicalize($in['text']),
];

// ---- end of your code ---------------------------------------------------------------

ini_set('display_errors', 'stderr');
while (($line = fgets(STDIN)) !== false) {
    $question = json_decode($line, true);
    $operation = $operations[$question['op']] ?? null;
    if ($question['op'] === 'hello') {
        $answer = ['protocol' => 1, 'name' => 'my-kess', 'version' => '1', 'language' => 'PHP ' . PHP_VERSION,
            'ops' => array_keys($operations), 'profiles' => []];
    } elseif ($operation === null) {
        $answer = ['id' => $question['id'], 'unsupported' => 'this operation'];
    } else {
        $answer = ['id' => $question['id']];
        try {
            $fields = array_intersect_key($question, ['text' => 0, 'key' => 0, 'password' => 0]);
            $fields = array_map('base64_decode', $fields) + ['kind' => $question['kind'] ?? ''];
            $answer['bytes'] = base64_encode($operation($fields));
        } catch (Refused $refusal) {
            $answer['refused'] = $refusal->getMessage();
        } catch (Throwable $error) {
            $answer['error'] = $error->getMessage();
        }
    }
    echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    flush();
}
