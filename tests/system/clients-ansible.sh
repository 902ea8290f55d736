#!/bin/sh
# SPDX-License-Identifier: MIT
# carried into a container by the connection plugins of clients-ansible.yml
echo "ran with $1"
