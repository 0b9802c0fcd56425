<?php
// Asks your adapter every case of the conformance kit, without Python:
//
//     php runner.php [KIT [LEVEL [COMMAND...]]]
//
// KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
// the adapter; without it, adapters/adapter.php of the kit.

declare(strict_types=1);

$kit = $argv[1] ?? dirname(__DIR__);
$levels = ['api' => 1, 'any-document' => 2, 'hostile' => 3];
$most = $levels[$argv[2] ?? 'hostile'] ?? 0;
$adapter = proc_open(array_slice($argv, 3) ?: [PHP_BINARY, "$kit/adapters/adapter.php"], [['pipe', 'r'], ['pipe', 'w']], $pipes);
$ask = function (array $question) use ($pipes): array {
    fwrite($pipes[0], json_encode($question, JSON_UNESCAPED_SLASHES) . "\n");
    return json_decode((string) fgets($pipes[1]), true) ?? throw new Exception('the adapter gives no answer');
};
$shown = fn (string $text): string => preg_replace_callback('/[^ -~]/', fn (array $byte): string => sprintf('\\x%02x', ord($byte[0])), substr($text, 0, 300));
// A body has more than one right answer, which `kesspay conformance run` can judge.
$operations = array_diff($ask(['op' => 'hello', 'protocol' => 1, 'kit' => '1'])['ops'], ['body']);
[$passed, $failed, $skipped, $broken] = [0, 0, 0, []];
foreach (glob("$kit/cases/*.tsv") as $file) {
    $lines = file($file, FILE_IGNORE_NEW_LINES);
    $names = explode("\t", array_shift($lines));
    foreach ($lines as $line) {
        $case = array_combine($names, explode("\t", $line));
        $fields = array_diff(array_intersect_key($case, array_flip(['op', 'kind', 'key', 'text', 'password'])), ['-']);
        $isAsked = in_array($case['op'], $operations, true) && $case['profile'] === '-' && $levels[$case['level']] <= $most;
        $answer = $isAsked ? $ask(['id' => 1, 'profile' => ''] + $fields) : ['unsupported' => ''];
        if (isset($answer['unsupported'])) {
            $skipped++;
        } elseif (isset($answer['error']) || ($answer['bytes'] ?? '-') !== $case['result']) {
            $failed++;
            $actual = isset($answer['bytes']) ? base64_decode($answer['bytes']) : (isset($answer['error']) ? "error: $answer[error]" : 'a refusal');
            $expected = $case['result'] === '-' ? 'a refusal' : base64_decode($case['result']);
            $broken[$case['rule']] ??= printf("%s  %s (%s)\n  %s  %s\n    expected  %s\n    actual    %s\n  %s%s\n", $case['rule'], $case['title'],
                $case['level'], $case['id'], $shown(base64_decode($case['text'])), $shown($expected), $shown($actual), $case['PHP'], $case['doc']);
        } else {
            $passed++;
        }
    }
}
printf("%d passed, %d failed in %d rules, %d not run\n", $passed, $failed, count($broken), $skipped);
exit($failed ? 1 : ($passed ? 0 : 2));
