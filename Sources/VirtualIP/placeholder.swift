// VirtualIP
