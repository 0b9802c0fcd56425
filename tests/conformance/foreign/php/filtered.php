<?php
/* Empty parameters are not sent, so they are not signed. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('filtered', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $data = array_filter($data);
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
