<?php
/* What the form adds around a value is cut off, as the framework does. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('trimmed', ['canonicalize' => function (string $text): string {
    $trim = function (mixed $value) use (&$trim): mixed {
        if (is_array($value)) {
            return array_map($trim, $value);
        }
        if (!is_string($value)) {
            return $value;
        }
        $value = trim($value);
        return $value === '' ? null : $value;
    };
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $data = $trim($data);
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
