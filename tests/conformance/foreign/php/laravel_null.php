<?php
/* What Laravel's ConvertEmptyStringsToNull left of the body. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('laravel_null', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    array_walk_recursive($data, function (&$value): void {
        $value = $value === '' ? null : $value;
    });
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
