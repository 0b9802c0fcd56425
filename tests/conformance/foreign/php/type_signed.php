<?php
/* Only sign is taken out: the page says that sign is generated last. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('type_signed', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
