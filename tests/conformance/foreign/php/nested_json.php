<?php
/* Every nested value is a string of JSON, as forms of other gateways have it. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('nested_json', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    foreach ($data as $name => $value) {
        $data[$name] = is_array($value) ? json_encode($value, JSON_THROW_ON_ERROR) : $value;
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
