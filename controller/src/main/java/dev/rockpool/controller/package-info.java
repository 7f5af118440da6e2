/** The CSI Controller and GroupController services, over the volumes of {@code storage}. */
@NullMarked
package dev.rockpool.controller;

import org.jspecify.annotations.NullMarked;
