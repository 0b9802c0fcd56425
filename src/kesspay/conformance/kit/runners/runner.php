<?php
// Runs the conformance kit on your PHP code, without Python:
//
//     php runner.php [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile

declare(strict_types=1);

/** Your code refuses the input. Any other exception is an error: it fails the case as well. */
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

$kit = $argv[1] ?? dirname(__DIR__);
$levels = ['api' => 1, 'any-document' => 2, 'hostile' => 3];
$most = $levels[$argv[2] ?? 'hostile'] ?? 0;
$shown = fn (?string $bytes): string => $bytes === null ? 'a refusal'
    : preg_replace_callback('/[^ -~]/', fn (array $byte): string => sprintf('\\x%02X', ord($byte[0])), substr($bytes, 0, 300));
$rules = array_column(json_decode(file_get_contents("$kit/rules.json"), true)['rules'], null, 'id');
[$passed, $failed, $skipped] = [0, [], 0];
foreach (glob("$kit/cases/*.json") as $file) {
    $area = json_decode(file_get_contents($file), true);
    foreach ($area['cases'] as $case) {
        $operation = $operations[$area['op']] ?? null;
        if ($operation === null || $case['profile'] || $levels[$case['level']] > $most) {
            $skipped++;
            continue;
        }
        $in = ['kind' => $case['kind'] ?? ''];
        foreach (['text', 'key', 'password'] as $field) {
            $in += isset($case["{$field}_base64"]) ? [$field => base64_decode($case["{$field}_base64"])] : [];
        }
        $expected = isset($case['result']['refused']) ? null : base64_decode($case['result']['bytes_base64']);
        try {
            $actual = $operation($in);
        } catch (Refused) {
            $actual = null;
        } catch (Throwable $error) {
            $actual = 'error: ' . $error->getMessage();
        }
        if ($actual === $expected) {
            $passed++;
        } else {
            $failed[$case['rule']][] = [$case['id'], $shown($in['text']), $shown($expected), $shown($actual)];
        }
    }
}
foreach ($failed as $rule => $cases) {
    [$id, $text, $expected, $actual] = $cases[0];
    printf("%s  %s (%s, %d failed)\n  %s  %s\n    expected  %s\n    actual    %s\n  %s\n", $rule, $rules[$rule]['title'],
        $rules[$rule]['level'], count($cases), $id, $text, $expected, $actual,
        implode("\n  ", array_filter([$rules[$rule]['hints']['PHP'] ?? '', $rules[$rule]['doc']])));
}
printf("%d passed, %d failed in %d rules, %d not run\n", $passed, array_sum(array_map('count', $failed)), count($failed), $skipped);
exit($failed ? 1 : ($passed ? 0 : 2));
