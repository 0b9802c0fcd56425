<?php
// Asks your code the cases of the conformance kit, without Python:
//
//     php runner.php <cases/api.tsv

declare(strict_types=1);

$operations = require __DIR__ . '/kess.php';
$decoded = fn (string $field): ?string => $field === '-' ? null : base64_decode($field);
$hex = fn (array $byte): string => sprintf('\x%02x', ord($byte[0]));
[$asked, $broken] = [0, []];
while (($line = fgets(STDIN)) !== false) {
    $fields = explode("\t", $line);
    [$op, $text, $key, $kind, $password, $result, $rule, $title, $case, $expected, $hint] = $fields;
    if (!isset($operations[$op])) {
        continue;
    }
    $asked++;
    try {
        $given = array_map($decoded, [$text, $key, $kind, $password]);
        $actual = $operations[$op](...$given);
    } catch (Refused) {
        $actual = null;
    } catch (Throwable $error) {
        $actual = "error: {$error->getMessage()}";
    }
    if ($actual !== $decoded($result) && !isset($broken[$rule])) {
        $broken[$rule] = true;
        $shown = preg_replace_callback('/[^ -~]/', $hex, substr($actual ?? 'refused', 0, 300));
        echo "$title\n  $case\n    expected  $expected\n    actual    $shown\n  $hint\n";
    }
}
printf("%d cases asked, %d rules broken\n", $asked, count($broken));
exit($asked > 0 && !$broken ? 0 : 1);
