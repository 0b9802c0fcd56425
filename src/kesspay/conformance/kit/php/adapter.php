<?php
// Asks your code what the conformance kit wants to know:
//
//     kesspay conformance run -- php adapter.php

declare(strict_types=1);

$operations = require __DIR__ . '/kess.php';
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
            $in = array_map('base64_decode', array_diff_key($question, ['kind' => 0]));
            $bytes = $operation($in['text'], $in['key'] ?? null, $question['kind'] ?? null, $in['password'] ?? null);
            $answer['bytes'] = base64_encode($bytes);
        } catch (Refused $refusal) {
            $answer['refused'] = $refusal->getMessage();
        } catch (Throwable $error) {
            $answer['error'] = $error->getMessage();
        }
    }
    echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    flush();
}
