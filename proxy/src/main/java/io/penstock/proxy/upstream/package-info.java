/**
 * The way to the pods: HTTP/1.1 connections pooled per event loop, answers parsed once and relayed
 * raw, and what was seen of each endpoint's health.
 *
 * <p>Pools and connections are confined to their event loop; health is shared and lock-free.
 */
@NullMarked
package io.penstock.proxy.upstream;

import org.jspecify.annotations.NullMarked;
