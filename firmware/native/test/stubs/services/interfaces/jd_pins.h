#pragma once

// Test double: the part of jacdac-c's interface that the component uses. fake_machine.c plays the chip.

#define NO_PIN 0xff
#define PIN_PULL_DOWN (-1)
#define PIN_PULL_UP 1

int pin_get(int pin);
void pin_setup_input(int pin, int pull);
void pin_setup_output(int pin);
