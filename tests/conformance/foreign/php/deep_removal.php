<?php
/* The signature is taken out wherever it stands. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('deep_removal', ['canonicalize' => function (string $text): string {
    $strip = function (array $values) use (&$strip): array {
        unset($values['sign'], $values['sign_type']);
        return array_map(fn ($v) => is_array($v) ? $strip($v) : $v, $values);
    };
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $data = $strip($data);
    ksort($data);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
