<?php

declare(strict_types=1);

namespace Kess;

use FFI;
use FFI\CData;

/**
 * Room for the bytes that one call of libkess writes:
 *
 *     $room = Room::for($length);
 *     do {
 *         $status = $room->ffi->kess_...($room->out, $room->length, ..., $room->error);
 *     } while ($status === 2 && $room->grow());
 *     return $room->result($status);
 *
 * No closures and no arrays: they would cost as much as the call itself.
 *
 * @internal
 */
final class Room
{
    /** How much memory for outputs a process keeps. */
    public const KEPT = 65536;

    /** What is written for an input of so many bytes fits into it, but for numbers
     * of a hundred digits: then the library says what it needs. */
    public const SHORT = 8192;

    /** What a body has beside its canonical form: 16,384 bits in base64 are 2732 bytes. */
    public const SIGNATURE = 4096;

    /** The most that an output gets before the library says that it needs more. */
    private const FIRST_TRY = 8 << 20;

    /** The room that is kept, while no call uses it. */
    private static ?self $kept = null;

    public FFI $ffi;
    /** A buffer. */
    public CData $out;
    /** Its length, then that of what was written or of what is needed. */
    public CData $length;
    /** A kess_error. */
    public CData $error;
    private bool $hasGrown = false;

    private function __construct(int $size, private bool $isKept)
    {
        $this->ffi = Library::get();
        $this->length = $this->ffi->new('size_t[1]');
        $this->error = $this->ffi->new('kess_error[1]');
        $this->make($size);
    }

    /** Room for what is written for a text of so many bytes. */
    public static function for(int $input): self
    {
        if ($input > self::SHORT) {
            $most = Library::get()->kess_canonical_bound($input) + self::SIGNATURE;

            return new self(\min($most, \max(self::FIRST_TRY, 2 * $input)), false);
        }
        $room = self::$kept;
        if ($room === null) {
            return new self(self::KEPT, true);
        }
        // A handler of a signal may run between any two steps, and may call the
        // library: what is in use is out of its reach.
        self::$kept = null;
        $room->length[0] = self::KEPT;

        return $room;
    }

    /** Make what the library needs, once: a call that wants more again has failed. */
    public function grow(): bool
    {
        if ($this->hasGrown) {
            return false;
        }
        $this->hasGrown = true;
        $this->isKept = false;
        $this->make($this->length[0]);

        return true;
    }

    /** What was written, or the exception for a status. The room is not used after it. */
    public function result(int $status, bool $isVerifying = false): string
    {
        if ($status === 0) {
            $bytes = FFI::string($this->out, $this->length[0]);
            if ($this->isKept) {
                self::$kept = $this;
            }

            return $bytes;
        }
        $failure = Library::failure($status, $this->error[0]->pos, $isVerifying);
        if ($this->isKept) {
            self::$kept = $this;
        }

        throw $failure;
    }

    private function make(int $size): void
    {
        $this->out = $this->ffi->new("uint8_t[$size]");
        $this->length[0] = $size;
    }
}
