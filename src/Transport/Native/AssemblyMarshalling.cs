// Every native signature here is blittable; without the runtime's marshaller a signature that is not fails to compile.
[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]
