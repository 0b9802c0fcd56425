<?php
/* The text is also put into a page. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('html_safe', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    $flags = JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT;
    return json_encode($data, $flags | JSON_THROW_ON_ERROR);
}]);
