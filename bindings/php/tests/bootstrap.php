<?php

declare(strict_types=1);

require __DIR__ . '/../preload.php';
require __DIR__ . '/Support.php';
