<?php

// For opcache.preload in php.ini, or to be required where there is no Composer.

declare(strict_types=1);

$errors = 'KessException Facts InputError CanonicalizationError KeyLoadError InvalidSignature DocumentRefused';
foreach (explode(' ', "$errors BackendError") as $name) {
    require_once __DIR__ . "/src/Exception/$name.php";
}
foreach (explode(' ', 'Library Handle Profile PrivateKey PublicKey Signer Verifier canonicalize') as $name) {
    require_once __DIR__ . "/src/$name.php";
}
