<?php
/* Only what is null is left out, at every level. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('filtered_null', ['canonicalize' => function (string $text): string {
    $clean = function (array $values) use (&$clean): array {
        foreach ($values as $key => $value) {
            if (is_array($value)) {
                $values[$key] = $clean($value);
            } elseif ($value === null) {
                unset($values[$key]);
            }
        }
        return $values;
    };
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $data = $clean($data);
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
