<?php
/* Sorted at every level, as another gateway wants it. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sort_deep', ['canonicalize' => function (string $text): string {
    $sort = function (array &$values) use (&$sort): void {
        ksort($values);
        foreach ($values as &$value) {
            if (is_array($value)) {
                $sort($value);
            }
        }
    };
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $sort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
