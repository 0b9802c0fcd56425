<?php

// For opcache.preload in php.ini, or to be required where there is no Composer.

declare(strict_types=1);

$names = 'Exception/exceptions Library Handle Profile PrivateKey PublicKey Signer Verifier canonicalize';
foreach (explode(' ', $names) as $name) {
    require_once __DIR__ . "/src/$name.php";
}
