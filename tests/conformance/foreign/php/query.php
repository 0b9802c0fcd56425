<?php
/* Signed as a query string, as the previous provider had it. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('query', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return urldecode(http_build_query($data));
}]);
