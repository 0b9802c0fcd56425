<?php

declare(strict_types=1);

namespace Kess\Exception;

/** A key cannot be loaded, or the key policy refuses it. */
final class KeyLoadError extends InputError
{
}
