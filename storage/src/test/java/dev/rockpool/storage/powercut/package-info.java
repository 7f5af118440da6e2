/** Power cuts: what a disk may hold after one, worked out from the system calls of a process. */
@NullMarked
package dev.rockpool.storage.powercut;

import org.jspecify.annotations.NullMarked;
